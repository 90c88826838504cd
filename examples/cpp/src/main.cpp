// A visitor counter over HTTP: one connection at a time, which is plenty for a counter.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <sstream>
#include <string>

#include "visits.h"

namespace {

void stop(int) { _exit(0); }

std::string path_of(const std::string &request) {
    std::istringstream words(request);
    std::string method, path;
    words >> method >> path;
    return path.empty() ? "/" : path;
}

void answer(int client, Visits &visits) {
    char buffer[4096];
    ssize_t length = read(client, buffer, sizeof buffer);
    if (length <= 0) {
        return;
    }
    std::string path = path_of(std::string(buffer, static_cast<size_t>(length)));
    std::string body = path == "/health" ? "ok\n" : "Visits: " + std::to_string(visits.add(path)) + "\n";
    std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ";
    std::string response = head + std::to_string(body.size()) + "\r\n\r\n" + body;
    for (size_t sent = 0; sent < response.size();) {
        ssize_t n = write(client, response.data() + sent, response.size() - sent);
        if (n <= 0) {
            return;
        }
        sent += static_cast<size_t>(n);
    }
}

}  // namespace

int main() {
    std::signal(SIGTERM, stop);
    std::signal(SIGINT, stop);
    std::signal(SIGPIPE, SIG_IGN);

    Visits visits;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(8080);
    address.sin_addr.s_addr = htonl(INADDR_ANY);

    int yes = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 || listen(listener, 16) != 0) {
        std::perror("port 8080");
        return 1;
    }
    std::puts("listening on 8080");
    for (;;) {
        int client = accept(listener, nullptr, nullptr);
        if (client >= 0) {
            answer(client, visits);
            close(client);
        }
    }
}
