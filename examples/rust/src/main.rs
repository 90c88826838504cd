//! A gardener's almanac over HTTP: what to sow in which month.

mod calendar;

use std::net::Ipv4Addr;

use tiny_http::{Header, Response, Server};

fn main() {
    let text = std::fs::read_to_string("data/calendar.json").expect("data/calendar.json can be read");
    let calendar = calendar::parse(&text).expect("data/calendar.json is a calendar");

    let server = Server::http((Ipv4Addr::UNSPECIFIED, 8080)).expect("port 8080 is free");
    println!("listening on 8080");
    for request in server.incoming_requests() {
        let (status, kind, body) = match request.url() {
            "/" => (200, "text/html; charset=utf-8", calendar::page(&calendar)),
            "/months" => (200, "application/json", text.clone()),
            "/health" => (200, "text/plain", "ok\n".to_owned()),
            _ => (404, "text/plain", "not found\n".to_owned()),
        };
        let kind = Header::from_bytes("Content-Type", kind).expect("a header of ours");
        let response = Response::from_string(body).with_status_code(status).with_header(kind);
        if let Err(error) = request.respond(response) {
            eprintln!("{error}");
        }
    }
}
