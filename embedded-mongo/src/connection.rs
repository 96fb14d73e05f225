//! A client connection: handles one message at a time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::commands;
use crate::server::State;
use crate::wire::{self, Header};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub number: i32,
    /// Local address of the socket.
    pub address: SocketAddr,
}

/// Serves a connection until the client closes it or sends a malformed message.
pub(crate) async fn serve(mut stream: TcpStream, state: Arc<State>, number: i32) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let connection = Connection {
        number,
        address: stream.local_addr()?,
    };
    let (reader, mut writer) = stream.split();
    let mut reader = tokio::io::BufReader::new(reader);
    let mut answers = 0_i32;
    let mut body = Vec::new();
    loop {
        let mut raw_header = [0; Header::BYTES];
        match reader.read_exact(&mut raw_header).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let header = Header::parse(raw_header).map_err(io::Error::other)?;
        let length = (header.length - Header::BYTES) as u64;
        body.clear();
        // Allocates as bytes arrive, not by the length in the header.
        let read = (&mut reader).take(length).read_to_end(&mut body).await?;
        if read as u64 != length {
            return Ok(());
        }
        let request = wire::parse(&header, &raw_header, &body).map_err(io::Error::other)?;
        let reply = commands::run(&state, &connection, &request).await;
        if request.more_to_come {
            continue;
        }
        answers = answers.wrapping_add(1);
        let bytes = wire::encode(&reply, header.request_id, answers, request.legacy);
        writer.write_all(&bytes).await?;
        if body.capacity() > 1 << 20 {
            body = Vec::new();
        }
    }
}
