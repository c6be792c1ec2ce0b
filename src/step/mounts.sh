# The way on the first line, then the patient's mounts as the kernel lists them, each after `m`; below it what `df` says of its size, or
# anywhere what `stat` says, each line with the path at its end: one process for all, as a patient may have little CPU. A server that
# does not answer must not keep the sizes of all others: what is mounted from one is asked by itself, and given up after two seconds.
info=/proc/$target_pid/mountinfo
case $target_root in /proc/*/root) info=${target_root%/root}/mountinfo ;; esac
why=$( (: <"$info") 2>&1) || { echo "$info cannot be read: ${why##*: }; ask as the patient's user, or with the profile \`general\`" >&2; exit 125; }
if [ -z "$target_root" ]; then way=none
elif stat -f -c %S / >/dev/null 2>&1; then way=stat
elif command -v df >/dev/null; then way=df
else way=none; fi
echo "$way"

# The kernel writes a space, a tab, a newline and a backslash as \ and three octal digits; `%b` wants a 0 before them
plain() {
  path= rest=$1
  while :; do case $rest in *\\*) path=$path${rest%%\\*}'\0'; rest=${rest#*\\} ;; *) break ;; esac; done
  path=$(printf '%b.' "$path$rest"); path=${path%.}
}

# Which of $far still runs, as $left; what has ended stays a zombie until it is waited for
own=/proc
running() {
  left=
  for one in $far; do
    state=Z; { read -r _ _ state _ <"$own/$one/stat"; } 2>/dev/null
    [ "$state" = Z ] || left="$left $one"
  done
}
settle() {
  round=0
  while running; [ -n "$left" ]; do
    round=$((round+1))
    [ "$round" != 21 ] || kill -9 $left
    [ "$round" -le 24 ] || break
    sleep 0.1 || { sleep 1; round=$((round+9)); }
  done
  for one in $far; do case "$left " in *" $one "*) ;; *) wait "$one" ;; esac; done
} 2>/dev/null

# PATH [within]: what df says of it, each line after a word
rows() {
  blocks=$($2 df -Pk "$1" 2>/dev/null)
  [ -n "$blocks" ] || return
  printf '%s\n' "$blocks" | while read -r row; do printf 'blocks %s\n' "$row"; done
  $2 df -Pi "$1" 2>/dev/null | while read -r row; do printf 'inodes %s\n' "$row"; done
}
within() { "$@" & far=$!; settle; }

[ "$way" != stat ] || echo "root $target_root"
sizes='stat %S %b %f %a %c %d %n'
end='
'
far= apart=
set --
while IFS= read -r line; do
  printf 'm %s\n' "$line"
  kind=${line#* - }; kind=${kind%% *} remote=
  case $kind in
    # Looking at one would mount what it stands for
    autofs) continue ;;
    nfs*|cifs|smb*|ceph|gluster*|lustre|9p|virtiofs|fuse*|afs|beegfs*|gpfs|ocfs2|gfs2|orangefs|pvfs2|coda|ncpfs) remote=1 ;;
  esac
  rest=${line#* * * * }; path=${rest%% *}
  # The way to one on such a mount leads over it
  rest=${line#* }
  case $apart in *" ${rest%% *} "*) remote=1 ;; esac
  [ -z "$remote" ] || [ "$path" = / ] || apart="$apart ${line%% *} "
  case $path in *\\*) plain "$path" ;; esac
  case $way:$path in stat:*"$end"*) continue ;; esac
  case $way$remote in
    stat) set -- "$@" "$target_root$path" ;;
    # No process between: what is killed must be what waits
    stat1) (exec stat -f -c "$sizes" "$target_root$path" 2>/dev/null) & far="$far $!" ;;
    df|df1) rows "$target_root$path" ${remote:+within} ;;
  esac
done <"$info"
[ $# = 0 ] || stat -f -c "$sizes" "$@" 2>/dev/null
[ -z "$far" ] || settle
echo end
