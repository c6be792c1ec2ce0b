# What a session's shell does over a live stream: an order is all that comes before a line of the secret alone. The end of stdin is that
# of the client, or only of the connection: another shell may follow.
while IFS= read -r line; do
  if [ "$line" != "$secret" ]; then order="$order$line$end"; else
    eval "$order" </dev/null; order=
  fi
done
lost=1
exit
