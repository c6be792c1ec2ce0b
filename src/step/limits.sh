# What holds the patient: its rlimits, and the files of its own control group, each line after the name of its file.
proc=/proc/$target_pid
why=$( (: <"$proc/limits") 2>&1) || { echo "$proc/limits cannot be read: ${why##*: }" >&2; exit 125; }
while IFS= read -r line; do case $line in 'Max open files'*) echo "limits $line" ;; esac; done <"$proc/limits"
if [ -r "$proc/fd" ] && [ -x "$proc/fd" ]; then
  set -- "$proc"/fd/*
  # None at all is what a folder looks like that we may not list after all
  [ ! -h "$1" ] || echo "fd $#"
fi

plain() {
  path= rest=$1
  while :; do case $rest in *\\*) path=$path${rest%%\\*}'\0'; rest=${rest#*\\} ;; *) break ;; esac; done
  path=$(printf '%b.' "$path$rest"); path=${path%.}
}

# CONTROLLER: the version of control groups that governs it as $version, and the patient's group there as $group
governor() {
  version= group=
  while IFS=: read -r id names path; do
    case ,$names, in
      *,"$1",*) version=1 group=$path; return 0 ;;
      ,,) [ "$id" != 0 ] || version=2 group=$path ;;
    esac
  done <"$proc/cgroup"
}

# CONTROLLER MOUNTINFO ROOT: the group's directory as $dir, where that list has a mount that shows it
seek() {
  while read -r _ _ _ base point rest; do
    case $version:$rest in
      1:*' - cgroup '*) case ,${rest##* }, in *,"$1",*) ;; *) continue ;; esac ;;
      2:*' - cgroup2 '*) ;;
      *) continue ;;
    esac
    case $base in *\\*) plain "$base"; base=$path ;; esac
    case $point in *\\*) plain "$point"; point=$path ;; esac
    above=${base%/}
    case $group in
      "$base") dir=$3$point ;;
      # Above of what the mount shows; its path would lead to some other directory
      "$above"/..|"$above"/../*) continue ;;
      "$above"/*) dir=$3$point${group#"$above"} ;;
      *) continue ;;
    esac
    [ -d "$dir/" ] && [ -x "$dir/" ] && return 0
  done <"$2"
  return 1
} 2>/dev/null

case $target_root in
  '') why="the patient's root cannot be entered (ask as its user, or with the profile \`general\`), and we have no mount that shows its group" ;;
  *) why='neither the patient nor we have a mount that shows the group' ;;
esac

# CONTROLLER FILE-OF-V1,... FILE-OF-V2,...
show() {
  governor "$1" 2>/dev/null
  [ -n "$version" ] || { echo "unseen $1 $proc/cgroup names no group for it"; return; }
  # Seen through the patient's own mounts it is in its place whatever control group namespace we have
  { [ -n "$target_root" ] && seek "$1" "${target_root%/root}/mountinfo" "$target_root"; } || seek "$1" "/proc/$$/mountinfo" '' ||
    { echo "unseen $1 $why $group"; return; }
  echo "group $1 v$version $group"
  case $version in 1) files=$2 ;; *) files=$3 ;; esac
  for file in $files; do
    [ -e "$dir/$file" ] || { echo "absent $file"; continue; }
    while IFS= read -r line || [ -n "$line" ]; do echo "$file $line"; done 2>/dev/null <"$dir/$file"
  done
}
show memory 'memory.limit_in_bytes memory.usage_in_bytes memory.oom_control' 'memory.max memory.current memory.events'
show cpu 'cpu.cfs_quota_us cpu.cfs_period_us cpu.stat' 'cpu.max cpu.stat'
show pids 'pids.max pids.current' 'pids.max pids.current'
echo end
