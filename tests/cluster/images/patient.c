/* patient [PORT]: answers every HTTP request with one line (default port 80). It never waits for a child: a process
   that is left to it stays a zombie, and can be counted. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 23\r\nConnection: close\r\n\r\n"
    "hello from the patient\n";

static void leave(int signal) { (void)signal; _exit(0); }

int main(int count, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 80)};
    struct timeval patience = {.tv_sec = 2};
    char request[4096];
    int on = 1, door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    signal(SIGTERM, leave);
    signal(SIGINT, leave);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&address, sizeof address) != 0 || listen(door, 128) != 0) {
        perror("patient");
        return 1;
    }
    for (;;) {
        int guest = accept(door, NULL, NULL);
        if (guest < 0)
            continue;
        setsockopt(guest, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        size_t held = 0;
        while (held < sizeof request - 1) { /* to the empty line: closing with unread bytes would reset the answer */
            ssize_t got = read(guest, request + held, sizeof request - 1 - held);
            if (got <= 0)
                break;
            held += got;
            request[held] = 0;
            if (strstr(request, "\r\n\r\n"))
                break;
        }
        (void)!write(guest, answer, sizeof answer - 1);
        shutdown(guest, SHUT_WR);
        close(guest);
    }
}
