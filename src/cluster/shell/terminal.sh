# The first process of a terminal: the parent of the program that is spoken with. It begins when it is told to, outlives every signal
# that the terminal sends, and waits for its child, so that none is left to the patient's first process. Lines like this are not sent.
trap : INT QUIT HUP
trap "trap '' TERM; wait; exit 143" TERM
read -r go || exit 125
printf '\002'
(exec "$@")
exit $?
