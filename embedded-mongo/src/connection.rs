//! A client connection: handles one message at a time.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::commands::{self, Outcome};
use crate::error::{Code, CommandError};
use crate::server::State;
use crate::value::to_raw;
use crate::wire::{self, Header, MessageError};

#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub number: i32,
    /// Local address of the socket.
    pub address: SocketAddr,
    /// `application.name` of the client metadata.
    pub app_name: Arc<OnceLock<String>>,
}

/// Buffers above this size are released after a message.
const KEPT_BUFFER_BYTES: usize = 1 << 20;

/// Serves a connection until the client closes it, a message cannot be answered, or
/// the replica set member fails.
pub(crate) async fn serve(stream: TcpStream, state: Arc<State>, number: i32) -> io::Result<()> {
    let mut failures = state.replication.failures();
    tokio::select! {
        result = serve_messages(stream, &state, number) => result,
        _ = failures.changed() => Ok(()),
    }
}

async fn serve_messages(mut stream: TcpStream, state: &Arc<State>, number: i32) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let connection = Connection {
        number,
        address: stream.local_addr()?,
        app_name: Arc::default(),
    };
    let (reader, mut writer) = stream.split();
    let mut reader = tokio::io::BufReader::new(reader);
    let mut replies = 0_i32;
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
        let (reply, legacy) = match wire::parse(&header, &raw_header, &body) {
            Ok(request) => {
                let (legacy, more_to_come) = (request.legacy, request.more_to_come);
                match commands::run(state, &connection, Arc::new(request)).await {
                    Outcome::CloseConnection => return Ok(()),
                    Outcome::Reply(_) if more_to_come => continue,
                    Outcome::Reply(reply) => (reply, legacy),
                }
            }
            Err(MessageError::Invalid {
                code,
                message,
                more_to_come,
            }) => {
                if more_to_come {
                    continue;
                }
                let error = CommandError::new(Code::Location(code), message);
                (to_raw(&error.to_reply()).map_err(io::Error::other)?, false)
            }
            Err(error) => return Err(io::Error::other(error)),
        };
        replies = replies.wrapping_add(1);
        let bytes = wire::encode(&reply, header.request_id, replies, legacy);
        writer.write_all(&bytes).await?;
        if body.capacity() > KEPT_BUFFER_BYTES {
            body = Vec::new();
        }
    }
}
