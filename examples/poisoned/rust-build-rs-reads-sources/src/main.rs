//! Serves the pages that were there when it was built.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

fn main() -> std::io::Result<()> {
    for stream in TcpListener::bind("0.0.0.0:8080")?.incoming() {
        let mut stream = stream?;
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        let path = line.split(' ').nth(1).unwrap_or("/");
        let path = if path == "/" { "/index.html" } else { path };
        let body = PAGES.iter().find(|page| page.0 == path).map_or("not found\n", |page| page.1);
        write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    }
    Ok(())
}
