# Tokens that end with a NUL, which no name and no argument holds: `w` the way, `m` our own pid, then for each process `p` its pid, `s`
# a line of its status, `a` an argument; `o` where it came from outside into our own control group, as a keeper does.
[ -r "/proc/$target_pid/status" ] || { echo "process $target_pid is gone" >&2; exit 125; }
walk='
group() { group=; while read -r line; do group="$group$line "; done <"/proc/$1/cgroup"; }
group $$; ours=$group
group "$target_pid"; [ "$ours" != "$group" ] || ours=
apart=; space=/proc/$target_pid/ns/pid
[ ! -e "$space" ] || [ "$space" -ef /proc/$$/ns/pid ] || apart=1
printf "w%s\000m%s\000" "$way" $$
for dir in /proc/[0-9]*; do
  [ -z "$apart" ] || [ "$dir/ns/pid" -ef "$space" ] || continue
  printf "p%s\000" "${dir#/proc/}"
  up=
  while IFS= read -r line; do
    case $line in
      Name:*|State:*|Uid:*|VmRSS:*) printf "s%s\000" "$line" ;;
      PPid:*) printf "s%s\000" "$line"; up=${line#PPid:?} ;;
      Threads:*) printf "s%s\000" "$line"; break ;;
    esac
  done <"$dir/status"
  [ "$way" = none ] || while IFS= read -r -d "" word || [ -n "$word" ]; do printf "a%s\000" "$word"; done <"$dir/cmdline"
  if [ "$up" = 0 ] && [ -n "$ours" ]; then
    group "${dir#/proc/}"; [ "$group" != "$ours" ] || printf "o\000"
  fi
done 2>/dev/null
printf "e\000"
'
