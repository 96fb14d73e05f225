// What Banter is compared with: a room in Socket.IO, as its guide has it. It
// keeps nothing; a message is acknowledged once it was read.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });
let seq = 0;
io.on("connection", (socket) => {
  socket.join("room");
  socket.on("message", ({ id, text }, acknowledge) => {
    const message = { room: "room", seq: ++seq, id, from: socket.id, text, at: Date.now() };
    acknowledge({ id, room: "room", seq: message.seq, at: message.at });
    socket.to("room").emit("message", message);
  });
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
// Exits with its parent process.
process.stdin.resume().on("end", () => process.exit(0));
