# Beside the keeper: the shell, its orders, and both its streams on the one pipe of the container's log. A record is `@TAG WORDS`, less
# than 4096 bytes and one write, so that the encoders of both may share the pipe; its data is encoded, because the log takes lines.
exec 3>&1
text=@TEXT@; unset @NAMES@
tell() { printf '@%s %s\n' @TAG@ "$*" >&3; }
most=1000000
if base64 -w 3840 </dev/null >/dev/null; then code=base64; encode() { base64 -w 3840; }
elif base64 </dev/null >/dev/null; then code=base64; encode() { base64 | tr -d '\n' | fold -w 3840; }
else code=hex most=1150; encode() { od -An -v -tx1 | tr -d ' \n' | fold -w 3840; }; fi
if [ "$(echo x | awk '{print; fflush()}')" = x ]; then
  label() { awk -v label="@@TAG@ $1 " -v most=$most 'NR <= most {print label NR " " $0; fflush()}'; }
else
  label() { n=0; while IFS= read -r line || [ -n "$line" ]; do n=$((n+1)); [ $n -gt $most ] || printf '@%s %s %s %s\n' @TAG@ "$1" $n "$line"; done; }
fi
none() { cat >/dev/null; }
for sum in sha256sum cksum md5sum none; do command -v $sum >/dev/null && break; done
framed() {
  { { tee /dev/fd/6 /dev/fd/7 | encode | label "$1" >&3; } 6>&1 | echo "$1 $($sum)" >&5; } 7>&1 | echo "n$1 $(wc -c)" >&5
}
tell begin $code $sum
{
  sums=$({ { { printf %s "$text" | sh -s housecall-shell 2>&4 3>&- 4>&- 5>&-; } | framed o; } 4>&1 >&5 | framed e; } 5>&1)
  tell end $sums
  sleep 0.05 || sleep 1
} &
carrier=$!
text=
trap carried EXIT
carried() {
  n=0
  while [ $n -lt 50 ]; do
    while read -r key value; do case $key:$value in State::Z*) return ;; esac; done <"/proc/$carrier/status" || return
    sleep 0.05 || sleep 1
    n=$((n+1))
  done
}
