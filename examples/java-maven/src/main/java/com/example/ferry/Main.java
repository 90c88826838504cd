package com.example.ferry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/** A ferry's timetable over HTTP, on the server that the JDK brings along. */
public final class Main {
    public static void main(String[] args) throws IOException {
        String page = resource("/timetable.html").replace("{{crossings}}", rows());

        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> {
            boolean home = exchange.getRequestURI().getPath().equals("/");
            send(exchange, home ? 200 : 404, home ? page : "not found\n");
        });
        server.createContext("/health", exchange -> send(exchange, 200, "ok\n"));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(0)));
        server.start();
        System.out.println("listening on 8080");
    }

    private static String rows() {
        return Timetable.crossings().stream()
                .map(crossing -> "<li>" + crossing.departure() + " to " + crossing.harbour() + "</li>")
                .collect(Collectors.joining("\n"));
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Main.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
