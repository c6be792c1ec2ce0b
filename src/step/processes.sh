# Tokens that end with a NUL, which no name and no argument holds: `w` the way, `m` our own pid, `g` lines of everyone's status after their
# path where there is a grep, which is many times faster; then for each process `p` its pid, else `s` a line of its status, `a` an
# argument; last `o` the pid of what came from outside into our own control group, as a keeper does; `e`.
[ -r "/proc/$target_pid/status" ] || { echo "process $target_pid is gone, or hidden from us" >&2; exit 125; }
walk='
group() { group=; while read -r line; do group="$group$line "; done <"/proc/$1/cgroup"; }
group $$; ours=$group
group "$target_pid"; [ "$ours" != "$group" ] || ours=
apart=; space=/proc/$target_pid/ns/pid
[ ! -e "$space" ] || [ "$space" -ef /proc/$$/ns/pid ] || apart=1
printf "w%s\000m%s\000" "$way" $$
found= outside=; ! command -v grep >/dev/null || found=1
[ -z "$found" ] || {
  printf g; grep -HsE "^(Name|State|PPid|Uid|VmRSS|Threads):" /proc/[0-9]*/status
  # More paths than a program takes as its arguments are none that it reads
  [ $? -lt 126 ] || found=
  printf "\000"
  outside=$(grep -lsE "^PPid:.0$" /proc/[0-9]*/status)
} 2>/dev/null
for dir in /proc/[0-9]*; do
  [ -z "$apart" ] || [ "$dir/ns/pid" -ef "$space" ] || continue
  printf "p%s\000" "${dir#/proc/}"
  [ -n "$found" ] || while IFS= read -r line; do
    case $line in
      Name:*|State:*|Uid:*|VmRSS:*) printf "s%s\000" "$line" ;;
      PPid:*) printf "s%s\000" "$line"; [ "${line#PPid:?}" != 0 ] || outside="$outside $dir/status" ;;
      Threads:*) printf "s%s\000" "$line"; break ;;
    esac
  done <"$dir/status"
  [ "$way" = none ] || while IFS= read -r -d "" word || [ -n "$word" ]; do printf "a%s\000" "$word"; done <"$dir/cmdline"
done 2>/dev/null
[ -z "$ours" ] || for path in $outside; do
  path=${path#/proc/}; group "${path%/status}"
  [ "$group" != "$ours" ] || printf "o%s\000" "${path%/status}"
done 2>/dev/null
printf "e\000"
'
