"""A local HTTP server that speaks the Messages API as far as plans need it, answers from a table, and counts what it sold."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_TASK = re.compile(r"^Task (\d+): ", re.MULTILINE)


class MessagesServer:
    """Answers ``POST /v1/messages``. ``sold`` counts the answers that were sent whole, by a digest of the request."""

    def __init__(self, answer: Callable[[int], str], seconds: float = 0.2) -> None:
        self.answer = answer
        self.seconds = seconds
        self.sold: Counter[str] = Counter()
        self.requests = 0
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                request = json.loads(body)
                if self.path.startswith("/v1/messages/count_tokens"):
                    self._json({"input_tokens": len(body) // 4})
                    return
                server._serve(self, request)

            def _json(self, content: dict[str, Any]) -> None:
                data = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def __enter__(self) -> MessagesServer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler, request: dict[str, Any]) -> None:
        with self.lock:
            self.requests += 1
        time.sleep(self.seconds)
        text = self.answer(_task_number(request))
        usage = {"input_tokens": 100, "output_tokens": len(text) // 4 + 1}
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": usage,
        }
        data = _stream(message) if request.get("stream") else json.dumps(message).encode()
        kind = "text/event-stream" if request.get("stream") else "application/json"
        try:
            handler.send_response(200)
            handler.send_header("content-type", kind)
            handler.send_header("content-length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
            handler.wfile.flush()
        except OSError:
            return
        with self.lock:
            self.sold[hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()] += 1


def _task_number(request: dict[str, Any]) -> int:
    for message in request["messages"]:
        content = message["content"]
        text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        found = _TASK.search(text)
        if found:
            return int(found[1])
    return 0


def _stream(message: dict[str, Any]) -> bytes:
    """The message as the server-sent events of a streamed answer."""
    start = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    text = message["content"][0]["text"]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
            "usage": {"output_tokens": message["usage"]["output_tokens"]},
        },
        {"type": "message_stop"},
    ]
    return "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events).encode()
