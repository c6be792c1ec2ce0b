# The way on the first line, then the patient's mounts as the kernel lists them, each after `m`; below it what `df` says of its size, or
# after all of them what `stat` says, each line with the path at its end: one process for all, as a patient may have little CPU.
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

end='
'
set --
while IFS= read -r line; do
  printf 'm %s\n' "$line"
  # Looking at one would mount what it stands for
  case $line in *' - autofs '*) continue ;; esac
  rest=${line#* * * * }; path=${rest%% *}
  case $path in *\\*) plain "$path" ;; esac
  case $way in
    stat) case $path in *"$end"*) ;; *) set -- "$@" "$target_root$path" ;; esac ;;
    df)
      df -Pk "$target_root$path" 2>/dev/null | while read -r row; do printf 'blocks %s\n' "$row"; done
      df -Pi "$target_root$path" 2>/dev/null | while read -r row; do printf 'inodes %s\n' "$row"; done ;;
  esac
done <"$info"
[ $# = 0 ] || { echo "root $target_root"; stat -f -c 'stat %S %b %f %a %c %d %n' "$@" 2>/dev/null; }
echo end
