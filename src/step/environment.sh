# Tokens that end with a NUL: `n` and each name that was asked for, `v` and a variable with its value as the patient was started with
# it, for no other names, then `x` where something else was written over some of them, as nginx does with its title, then `e`.
# $names has a newline before and after each of them.
file=/proc/$target_pid/environ
why=$( (: <"$file") 2>&1) || { echo "$file cannot be read: ${why##*: }; ask as the patient's user, or with the profile \`general\`" >&2; exit 125; }
export file
walk='
[ "$way" != none ] || { echo "no shell whose read stops at a NUL (bash, busybox ash)" >&2; exit 127; }
end="
"
set -f; IFS=$end
for name in $names; do printf "n%s\000" "$name"; done
over=
while IFS= read -r -d "" pair || [ -n "$pair" ]; do
  case $pair in ?*=*) ;; *) over=1 ;; esac
  case $names in *"$end${pair%%=*}$end"*) printf "v%s\000" "$pair" ;; esac
done <"$file" || exit 125
[ -z "$over" ] || printf "x\000"
printf "e\000"
'
