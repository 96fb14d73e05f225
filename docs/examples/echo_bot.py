"""Answers every "!echo TEXT" once, also after lost connections and restarts.

Needs Python 3.11 and aiohttp. Usage:
    echo_bot.py http://localhost:3000 bot@example.com "a password of 15 characters"
"""

import asyncio
import json
import pathlib
import random
import re
import sys

import aiohttp


class Bot:
    def __init__(self, http, site, email, password, cookies):
        self.http, self.site, self.email, self.password = http, site, email, password
        self.cookies = cookies
        self.token = ""
        self.cursors = {}
        self.acks = {}
        self.changed = asyncio.Event()

    async def call(self, method, path, body=None):
        """Sends a request; refreshes the access token once if it has expired."""
        for attempt in range(2):
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            request = self.http.request(method, self.site + path, json=body, headers=headers)
            async with request as response:
                text = await response.text()
                if response.status != 401 or attempt or not self.token:
                    return response.status, json.loads(text) if text else {}
            await self.sign_in()

    async def sign_in(self):
        self.token = ""
        status, answer = await self.call("POST", "/api/refresh")
        if status != 200:
            me = {"email": self.email, "password": self.password}
            status, answer = await self.call("POST", "/api/login", me)
            if status == 401:
                me["name"] = "Echo"
                status, answer = await self.call("POST", "/api/register", me)
            code = await self.code()
            body = {"challenge": answer["challenge"], "code": code}
            status, answer = await self.call("POST", "/api/verify-otp", body)
        if status != 200:
            raise RuntimeError(answer.get("message", status))
        self.token = answer["access_token"]
        self.http.cookie_jar.save(self.cookies)

    async def code(self):
        """Reads the code from the inbox of `cargo xtask dev`, or asks for it."""
        if "localhost" not in self.site:
            return await asyncio.to_thread(input, "Code: ")
        while True:
            async with self.http.get(f"{self.site}/_local/inbox?to={self.email}") as response:
                codes = [re.search(r"^\d{8}$", mail["text"], re.M) for mail in await response.json()]
            if any(codes):
                return [code for code in codes if code][-1].group()
            await asyncio.sleep(0.2)

    async def run(self):
        failures = 0
        while True:
            try:
                await self.connect()
                failures = 0
            except (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError) as error:
                print("reconnecting:", error, file=sys.stderr)
            await asyncio.sleep(random.random() * min(2**failures, 30))
            failures += 1

    async def connect(self):
        status, answer = await self.call("GET", "/api/socket")
        if status != 200:
            raise ConnectionError(answer)
        socket = self.http.ws_connect(
            answer["url"],
            origin=self.site,
            protocols=["chat.v1", f"token.{self.token}"],
        )
        async with socket as self.socket, asyncio.TaskGroup() as tasks:
            working = tasks.create_task(self.work())
            await self.socket.send_json({"action": "hello"})
            while (frame := await self.receive()) is not None:
                if frame.get("event") == "ack" or frame.get("event") == "problem" and "id" in frame:
                    if waiting := self.acks.pop(frame["id"], None):
                        waiting.set_result(frame)
                elif frame.get("event") in ("welcome", "message", "added", "pong"):
                    self.changed.set()
            working.cancel()

    async def receive(self):
        """The next frame; sends a ping after four minutes of silence."""
        while True:
            try:
                message = await self.socket.receive(timeout=240)
            except asyncio.TimeoutError:
                await self.socket.send_json({"action": "ping"})
                continue
            return json.loads(message.data) if message.type == aiohttp.WSMsgType.TEXT else None

    async def work(self):
        """Answers the messages after the read mark of each room, one after another."""
        while True:
            await self.changed.wait()
            self.changed.clear()
            _, answer = await self.call("GET", "/api/rooms")
            for room in answer.get("rooms", []):
                cursor = self.cursors.setdefault(room["id"], room["read_seq"])
                while cursor < room["last_seq"]:
                    path = f"/api/rooms/{room['id']}/messages?after={cursor}&limit=200"
                    _, page = await self.call("GET", path)
                    for message in page.get("messages", []):
                        await self.answer(message)
                        cursor = self.cursors[room["id"]] = message["seq"]
                    if not page.get("messages"):
                        break
                    read = {"action": "read", "room": room["id"], "seq": cursor}
                    await self.socket.send_json(read)

    async def answer(self, message):
        if not message["text"].startswith("!echo "):
            return
        # The same id for the same question: sending it again creates no second answer.
        reply = {"action": "message", "id": f"echo-{message['seq']}", "room": message["room"]}
        reply["text"] = message["text"].removeprefix("!echo ")
        while True:
            self.acks[reply["id"]] = ack = asyncio.get_running_loop().create_future()
            await self.socket.send_json(reply)
            frame = await asyncio.wait_for(ack, 10)
            if "retry_at" not in frame and frame.get("error") != "try_again":
                return
            await asyncio.sleep(1)


async def main(site, email, password):
    cookies = pathlib.Path("echo_bot.cookies")
    jar = aiohttp.CookieJar(unsafe=True)
    if cookies.exists():
        jar.load(cookies)
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        bot = Bot(http, site, email, password, cookies)
        await bot.sign_in()
        await bot.run()


asyncio.run(main(*sys.argv[1:]))
