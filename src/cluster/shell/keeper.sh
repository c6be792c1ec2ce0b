# The log tells who is here: the first line is this keeper, `shell PID` a shell, of which the newest counts, `left PID` that one leaves by
# itself, and `stop` that somebody wants this container to end. A shell that ends the session signals this keeper as well; one that lost
# its client does not, and the grace for another one begins.
[ "$(date +%s)" -lt @NOT_AFTER@ ] || exit 75
log=/dev/termination-log end=
trap 'end=0' TERM INT HUP
echo $$ >$log
exec 2>/dev/null
@BESIDE@
left=@DEADLINE@ grace=@GRACE@
look() {
  shell= gone=
  while read -r word value; do
    case $word in shell) shell=$value gone= ;; left) [ "$value" != "$shell" ] || gone=$word ;; stop) end=${end:-0} ;; esac
  done <$log
}
while [ -z "$end" ]; do
  sleep 1 & nap=$!
  wait $nap
  [ $? -le 128 ] || { kill -9 $nap; wait $nap; }
  left=$((left-1)) grace=$((grace-1))
  look
  case $gone$shell in ''|*[!0-9]*) ;; *) [ ! -d /proc/$shell ] || grace=@GRACE@ ;; esac
  [ -n "$end" ] || [ $left -gt 0 ] || end=74
  [ -n "$end" ] || [ $grace -gt 0 ] || end=76
done
trap '' TERM INT HUP
look
case $gone$shell in ''|*[!0-9]*) exit $end ;; esac
grep -q housecall-shell /proc/$shell/cmdline && kill -TERM $shell || exit $end
n=0
while [ -d /proc/$shell ] && [ $n -lt 80 ]; do sleep 0.1 || sleep 1; n=$((n+1)); done
exit $end
