"""
title: Patchbay
author: Patchbay
description: Memory, models, Mixture of Agents, external APIs, data pipelines and forms of a Patchbay server, with live status lines and dialogs.
version: 0.1.0
required_open_webui_version: 0.6.31
requirements: mcp>=1.12
license: MIT
"""

import asyncio
import contextlib
import json
import re
import sys
from types import SimpleNamespace
from typing import Any, List, Literal, Optional, Union
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, Field

# `npm run gen` writes the version above, and the methods below with their models; the rest is written by hand.

CONNECT_SECONDS = 15
"""Time for connecting, in which nothing has been called yet, so that it can be tried again."""
CONNECT_PAUSES = (0.5, 1.5)
"""Seconds before connecting is tried again: a server that is being restarted is back by then."""
READ_SECONDS = 60
"""Silence after which a connection is dead: the server gives a sign of life every 15 seconds."""
DIALOG_MS = 240_000
"""Milliseconds for a dialog, the most that Open-WebUI grants."""
ROUNDS = 100
"""Questions that one call may ask. The server ends it sooner, and says why; the SDK by itself gives up after 10."""
LAST_STATUS_SECONDS = 10
"""Time that the result waits for the last status line to be stored."""
CLOSE_SECONDS = 5
LINE_CHARS = 300
TOAST_CHARS = 2_000
PASSWORD = {"input": {"type": "password"}}

_late = set()
"""Status lines that are still being stored although their call is over; kept, for the event loop itself does not."""


class PatchbayError(Exception):
    """A failure, told so that the model and the user can do something about it."""


async def _call(tool: str, given: dict) -> Any:
    """Calls a tool of Patchbay with the arguments among these local variables of a method; the others are Open-WebUI's."""
    arguments = {
        name: _plain(value)
        for name, value in given.items()
        if name != "self" and not name.startswith("__") and value is not None
    }
    valves = given["self"].valves
    user = given["__user__"] or {}
    metadata = given["__metadata__"] or {}
    # The model may set parameters only, and none of them names the user.
    own_valves = user.get("valves")
    headers = _headers_of(valves, own_valves, user, metadata, given["__request__"])
    shown = valves.show_status and _valve(own_valves, "show_status") is not False
    status = _StatusLine(given["__event_emitter__"], shown=shown, toasts=valves.show_notifications)
    ask = given["__event_call__"] if metadata.get("session_id") else None
    try:
        result = await _Conversation(valves, headers, status, ask).run(tool, arguments)
    except asyncio.CancelledError:
        await status.end("error", "Cancelled")
        raise
    except PatchbayError as error:
        await status.end("error", str(error))
        raise
    failed = getattr(result, "is_error", getattr(result, "isError", False))
    texts = [block.text for block in result.content if block.type == "text"]
    if failed:
        error = "\n".join(texts) or "The tool failed without saying why."
        await status.end("error", _message_of(error))
        raise PatchbayError(error)
    given_back = [_for_open_webui(block) for block in result.content]
    status.images([part for part in given_back if isinstance(part, str) and part.startswith("data:image/")])
    await status.end("success", "Done")
    return given_back[0] if len(given_back) == 1 else given_back


def _plain(value: Any) -> Any:
    """Models as objects: Open-WebUI hands over what the model wrote, but says nowhere that it always will."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _message_of(error: str) -> str:
    try:
        return str(json.loads(error)["message"])
    except (ValueError, KeyError, TypeError):
        return error


def _for_open_webui(block: Any) -> Any:
    """A part of the result: JSON as an object, and an image as the data URI that Open-WebUI hands to the model as an image."""
    if block.type == "text":
        return _json_or_text(block.text)
    if block.type == "image":
        mime = getattr(block, "mime_type", None) or getattr(block, "mimeType", "image/png")
        return f"data:{mime};base64,{block.data}"
    if block.type == "resource":
        return _json_or_text(getattr(block.resource, "text", None) or f"[Resource: {block.resource.uri}]")
    return f"[Resource: {block.uri}]" if block.type == "resource_link" else f"[{block.type}]"


def _json_or_text(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (dict, list)) else text


# Who calls


def _headers_of(valves: Any, own_valves: Any, user: dict, metadata: dict, request: Any) -> Any:
    """
    Gives a function that makes the headers of one HTTP request. Each has its own, because a signed assertion is valid for
    five minutes only, and a person may take longer to answer a form. A missing credential is found before anything is sent.
    """

    def make() -> dict:
        headers = _templated(valves.headers, user, metadata)
        personal = (_valve(own_valves, "api_key") or "").strip()
        key = personal or valves.api_key.strip()
        if key:
            headers["X-API-Key"] = key
        if personal or valves.identity == "key":
            return headers
        if valves.identity == "session":
            token = getattr(getattr(getattr(request, "state", None), "token", None), "credentials", None)
            if not token:
                raise PatchbayError("Patchbay needs the session of an Open-WebUI user, and this call has none.")
            headers["Authorization"] = f"Bearer {token}"
        else:
            headers.update(_signed_identity(user))
        return headers

    make()
    return make


def _valve(valves: Any, name: str) -> Any:
    return valves.get(name) if isinstance(valves, dict) else getattr(valves, name, None)


def _signed_identity(user: dict) -> dict:
    """The header in which Open-WebUI signs who its user is; never the plain ones, which anybody can write."""
    name = _of_open_webui("env", "FORWARD_USER_INFO_HEADER_JWT")
    sign = _of_open_webui("utils.headers", "include_user_info_headers")
    who = SimpleNamespace(**{key: user.get(key) or "" for key in ("id", "email", "name", "role")})
    token = sign({}, who).get(name) if name and sign and who.id else None
    if not token:
        raise PatchbayError(
            "Patchbay needs a signed identity. The administrator has to set FORWARD_USER_INFO_HEADER_JWT_SECRET in "
            "Open-WebUI, or another identity in the valves of this tool."
        )
    return {name: token}


def _of_open_webui(module: str, name: str) -> Any:
    """Something of the Open-WebUI that this runs in; None in versions that do not have it."""
    return getattr(sys.modules.get(f"open_webui.{module}"), name, None)


def _templated(text: str, user: dict, metadata: dict) -> dict:
    """Further headers from the valves; names in braces stand for the user, the chat and the message."""
    if not text.strip():
        return {}
    try:
        headers = json.loads(text)
    except ValueError:
        headers = None
    if not isinstance(headers, dict):
        raise PatchbayError('The valve "headers" of the Patchbay tool must be a JSON object.')
    values = {
        "USER_ID": user.get("id"),
        "USER_EMAIL": user.get("email"),
        "USER_NAME": user.get("name"),
        "USER_ROLE": user.get("role"),
        "CHAT_ID": metadata.get("chat_id"),
        "MESSAGE_ID": metadata.get("message_id"),
    }

    def fill(value: Any) -> str:
        # One pass, so that a name that looks like another placeholder stays a name.
        filled = re.sub(r"\{\{([A-Z_]+)\}\}", lambda found: str(values.get(found[1], found[0]) or ""), str(value))
        return quote(filled, safe="".join(map(chr, range(0x20, 0x7F))))

    return {str(name): fill(value) for name, value in headers.items()}


# Status lines and toasts


class _StatusLine:
    """
    Shows events one after the other, because Open-WebUI stores what comes at once in any order. Of those that come while
    one is being stored, the latest is shown. The last one is done, and nothing comes after it.
    """

    def __init__(self, emitter: Any, *, shown: bool, toasts: bool):
        self.emitter = emitter
        self.shown = shown and emitter is not None
        self.toasts = toasts and emitter is not None
        self.waiting: List[dict] = []
        self.ended = False
        self.line = ""
        self.pump: Optional[asyncio.Task] = None

    def event(self, data: dict) -> None:
        """An event of the server; its last one is ours too, once the result is there."""
        if self.ended:
            return
        self.ended = data.get("done") is True
        kind = data.get("notification_type")
        if self.toasts and kind in ("info", "success", "warning", "error"):
            self._show({"type": "notification", "data": {"type": kind, "content": str(data.get("description", ""))[:TOAST_CHARS]}})
        if self.shown:
            line = " ".join(str(data.get("description", "")).split())
            if line == self.line and not self.ended:
                # A sign of life, or a further round of a dialog: the chat shows it already, and would store it again.
                return
            self.line = line
            data = {**data, "description": line if len(line) <= LINE_CHARS else f"{line[: LINE_CHARS - 1]}…"}
            self._show({"type": "status", "data": {**data, "error": True} if data.get("status") == "error" else data})

    def images(self, urls: List[str]) -> None:
        """Shows images of the result to the user; of what is returned, Open-WebUI shows them to the model only."""
        if urls and self.emitter:
            self._show({"type": "files", "data": {"files": [{"type": "image", "url": url} for url in urls]}})

    async def end(self, status: str, description: str) -> None:
        """Makes sure that there was a last event, and that it is stored."""
        self.event({"status": status, "description": description, "done": True})
        if self.pump:
            _late.add(self.pump)
            self.pump.add_done_callback(_late.discard)
            await asyncio.wait({self.pump}, timeout=LAST_STATUS_SECONDS)

    def _show(self, event: dict) -> None:
        if self.waiting and self.waiting[-1]["type"] == event["type"] == "status":
            self.waiting.pop()
        self.waiting.append(event)
        if self.pump is None or self.pump.done():
            self.pump = asyncio.create_task(self._empty())

    async def _empty(self) -> None:
        while self.waiting:
            event = self.waiting.pop(0)
            try:
                await self.emitter(event)
            except Exception:
                # A line that cannot be shown costs the line, never the result.
                pass


# The conversation with the server


class _Conversation:
    """One call: a connection of its own, so that nothing of one user or call can reach another."""

    def __init__(self, valves: Any, headers: Any, status: _StatusLine, ask: Any):
        self.url = valves.url.strip()
        self.headers = headers
        self.status = status
        self.ask = ask
        self.seconds = valves.timeout
        self.asking = 0
        self.asked_seconds = 0.0
        self.calling = False
        self.token: Any = None
        self.progress = -1.0
        self.refusal: Optional[asyncio.Future] = None

    async def run(self, tool: str, arguments: dict) -> Any:
        """
        The result of the call. It runs as a task, so that neither "Stop" nor the time limit waits for a connection that
        hangs; that it is cancelled closes the connection, which ends the work on the server.
        """
        for pause in (*CONNECT_PAUSES, None):
            try:
                return await self._attempt(tool, arguments)
            except PatchbayError as error:
                if not isinstance(error, _Unreachable) or self.calling or pause is None:
                    raise
            self.status.event({"status": "in_progress", "description": "Connecting to Patchbay", "done": False})
            await asyncio.sleep(pause)

    async def _attempt(self, tool: str, arguments: dict) -> Any:
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.refusal = loop.create_future()
        task = asyncio.create_task(self._converse(tool, arguments))
        # Where it is not waited for to its end, nobody else asks what became of it.
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            while True:
                limit = self.seconds + self.asked_seconds if self.calling else CONNECT_SECONDS
                left = started + limit - loop.time()
                # While the user thinks, the clock stands still.
                step = 1.0 if self.asking else min(left, 1.0)
                if step <= 0:
                    raise self._timed_out()
                await asyncio.wait({task, self.refusal}, timeout=step, return_when=asyncio.FIRST_COMPLETED)
                if self.refusal.done() and not task.done():
                    # What the SDK makes of a refusal differs between its versions.
                    raise self.refusal.result()
                if task.done():
                    break
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=CLOSE_SECONDS)
        try:
            return task.result()
        except asyncio.CancelledError:
            raise PatchbayError("The connection to Patchbay broke off.") from None
        except BaseException as error:
            raise self._readable(_first_of(error)) from None

    async def _converse(self, tool: str, arguments: dict) -> Any:
        import mcp
        from mcp.client import streamable_http as transport

        http = getattr(transport, "httpx2", None) or transport.httpx
        callbacks = {"elicitation_callback": self._elicit if self.ask else None, "message_handler": self._hear}
        async with contextlib.AsyncExitStack() as stack:
            if hasattr(transport, "streamable_http_client"):
                client = await stack.enter_async_context(self._http_client(http))
                connection = transport.streamable_http_client(self.url, http_client=client)
            else:
                # mcp before 1.24, which makes the client itself, and closes it.
                connection = transport.streamablehttp_client(
                    self.url, httpx_client_factory=lambda **_: self._http_client(http)
                )
            if hasattr(mcp, "Client"):
                rounds = {name: ROUNDS for name in ("input_required_max_rounds",) if hasattr(mcp.Client, name)}
                client = await stack.enter_async_context(mcp.Client(connection, **callbacks, **rounds))
                return await self._finish(client.call_tool, tool, arguments, float("inf"))
            read, write, *_ = await stack.enter_async_context(connection)
            session = await stack.enter_async_context(mcp.ClientSession(read, write, **callbacks))
            await session.initialize()
            return await self._finish(session.call_tool, tool, arguments, None)

    def _http_client(self, http: Any) -> Any:
        async def sign(request: Any) -> None:
            request.headers.update(self.headers())

        async def notice(response: Any) -> None:
            if response.status_code in (401, 403) or response.status_code >= 500:
                error = await self._refusal_of(response)
                if self.refusal and not self.refusal.done():
                    self.refusal.set_result(error)

        # No redirects: they would carry the credentials to wherever they point.
        return http.AsyncClient(
            timeout=http.Timeout(CONNECT_SECONDS, read=READ_SECONDS),
            verify=_verification(),
            follow_redirects=False,
            event_hooks={"request": [sign], "response": [notice]},
        )

    async def _finish(self, call_tool: Any, tool: str, arguments: dict, limit: Any) -> Any:
        async def on_progress(*_: Any) -> None:
            """Its being there asks for progress; `_hear` gets the whole event."""

        self.calling = True
        result = await call_tool(tool, arguments, read_timeout_seconds=limit, progress_callback=on_progress)
        # The last event came before the result, but the SDK hands notifications on by tasks of their own.
        for _ in range(20):
            if self.status.ended:
                break
            await asyncio.sleep(0.005)
        return result

    async def _hear(self, message: Any) -> None:
        notification = getattr(message, "root", message)
        if getattr(notification, "method", None) != "notifications/progress":
            return
        params = notification.params.model_dump(mode="json", by_alias=True)
        if params["progressToken"] != self.token:
            self.token, self.progress = params["progressToken"], -1.0
        if params["progress"] <= self.progress:
            return
        self.progress = params["progress"]
        event = (params.get("_meta") or {}).get("patchbay/status")
        data = event.get("data") if isinstance(event, dict) else None
        if not isinstance(data, dict):
            data = {"status": "in_progress", "description": params.get("message") or "Working", "done": False}
        self.status.event(data)

    # Dialogs

    async def _elicit(self, _context: Any, params: Any) -> Any:
        from mcp.types import ElicitResult

        loop = asyncio.get_running_loop()
        started = loop.time()
        self.asking += 1
        try:
            action, content = await _ask(self.ask, params.model_dump(mode="json", by_alias=True, exclude_none=True))
            try:
                return ElicitResult(action=action, content=content)
            except ValueError:
                # Before 2025-11-25 no answer was a list; the server takes the choices from a text as well.
                texts = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in content.items()}
                return ElicitResult(action=action, content=texts)
        except Exception:
            # Whatever goes wrong, nobody has agreed to anything.
            return ElicitResult(action="cancel")
        finally:
            self.asking -= 1
            self.asked_seconds += loop.time() - started

    # Errors

    def _readable(self, error: BaseException) -> PatchbayError:
        if isinstance(error, PatchbayError):
            return error
        if isinstance(error, ImportError):
            return PatchbayError('The Python package "mcp" is missing or too old in Open-WebUI; 1.12 is needed.')
        names = {kind.__name__ for kind in type(error).__mro__}
        if "TransportError" in names or isinstance(error, OSError):
            return self._broken() if self.calling else _Unreachable(self._where())
        if hasattr(error, "error") and hasattr(error.error, "message"):
            # JSON-RPC errors; -32000 is the SDK's own for a connection that is gone.
            if error.error.code == -32000 and self.calling:
                return self._broken()
            return PatchbayError(f"Patchbay refused the call: {self._without_secrets(error.error.message)}")
        return PatchbayError(f"The call of Patchbay failed ({type(error).__name__}).")

    async def _refusal_of(self, response: Any) -> PatchbayError:
        status = response.status_code
        try:
            message = str(json.loads(await response.aread())["error"]["message"])[:300]
        except Exception:
            message = None
        if status in (401, 403):
            return PatchbayError(
                f"Patchbay refused the call: {message or f'HTTP {status}.'} The administrator has to check the key and the "
                "identity in the valves of this tool; users who have a key of their own, theirs."
            )
        if message is None and status in (502, 503, 504):
            # A proxy answers for a server that is not there.
            return self._broken() if self.calling else _Unreachable(self._where())
        return PatchbayError(f"Patchbay failed: {message or f'HTTP {status}.'}")

    def _timed_out(self) -> PatchbayError:
        if not self.calling:
            return _Unreachable(self._where())
        return PatchbayError(f"Patchbay did not answer within {self.seconds:g} seconds. The call has been cancelled.")

    def _broken(self) -> PatchbayError:
        return PatchbayError(
            "The connection to Patchbay broke off before the result came. It may have been restarted; what was called may "
            "have been done or not. Check before calling again."
        )

    def _where(self) -> str:
        # Without what may be a secret: user, password, query.
        parts = urlsplit(self.url)
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return f"Patchbay cannot be reached at {address}. The administrator has to see whether it runs, and the valve url."

    def _without_secrets(self, text: str) -> str:
        for value in self.headers().values():
            for secret in (value, value.removeprefix("Bearer ")):
                text = text.replace(secret, "***") if len(secret) >= 6 else text
        return text[:1000]


class _Unreachable(PatchbayError):
    """Nothing has been called yet."""


def _first_of(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _verification() -> Any:
    """How Open-WebUI verifies the certificates of tool servers."""
    how = _of_open_webui("env", "AIOHTTP_CLIENT_SESSION_TOOL_SERVER_SSL")
    return True if how is None else how


# Asking the user


async def _ask(call: Any, params: dict) -> tuple:
    """Shows a dialog for an elicitation. Gives the action and the content; an answer that is none is `cancel`."""
    url = params.get("url")
    if url is not None and not _is_web_page(url):
        return "cancel", None
    if not _has_forms():
        return await (_ask_by_link(call, params) if url else _ask_one_by_one(call, params))
    data = {key: params[key] for key in ("message", "requestedSchema", "url") if key in params}
    data = {"mode": "url" if url else "form", **data, "server_name": "Patchbay", "timeout_ms": DIALOG_MS}
    answer = await call({"type": "request:elicitation", "data": data})
    action = answer.get("action") if isinstance(answer, dict) else None
    if action not in ("accept", "decline"):
        return "cancel", None
    if action == "decline" or url:
        return action, None
    content = answer.get("content")
    return ("accept", content) if isinstance(content, dict) else ("cancel", None)


def _is_web_page(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and not parts.password


def _has_forms() -> bool:
    """Whether this Open-WebUI has the dialog for whole forms: an older one would never answer."""
    return hasattr(_of_open_webui("utils.mcp.client", "MCPClient"), "elicit")


async def _ask_by_link(call: Any, params: dict) -> tuple:
    text = f"{params.get('message', '')}\n\n[{params['url']}]({params['url']})"
    agreed = await call({"type": "confirmation", "data": {"title": "Open this page", "message": text}})
    return ("accept" if agreed is True else "cancel"), None


async def _ask_one_by_one(call: Any, params: dict) -> tuple:
    """A dialog for each field, with text that the server reads as the field's type and checks."""
    schema = params.get("requestedSchema") or {}
    message = params.get("message", "")
    fields = schema.get("properties") or {}
    required = schema.get("required") or []
    content = {}
    for name, field in fields.items():
        label = field.get("title") or name
        about = "\n\n".join(filter(None, [message, field.get("description"), _choices_of(field)]))
        if field.get("type") == "boolean":
            answer = await call({"type": "confirmation", "data": {"title": label, "message": about}})
            if not isinstance(answer, bool):
                return "cancel", None
            content[name] = answer
            continue
        hint = {"title": label, "message": about, "placeholder": str(field.get("default", ""))}
        answer = await call({"type": "input", "data": hint})
        if not isinstance(answer, str):
            return "cancel", None
        if answer.strip() == "":
            if name in required:
                return "cancel", None
            continue
        several = field.get("type") == "array"
        content[name] = [part.strip() for part in answer.split(",") if part.strip()] if several else answer.strip()
    return "accept", content


def _choices_of(field: dict) -> str:
    """The choices of a field, in every form in which MCP has written them."""
    within = field.get("items") if isinstance(field.get("items"), dict) else field
    listed = within.get("oneOf") or within.get("anyOf")
    if listed:
        names = [f"{one.get('title', one['const'])} ({one['const']})" for one in listed if "const" in one]
    else:
        names = [str(value) for value in within.get("enumNames") or within.get("enum") or []]
    if not names:
        return ""
    return ("One or more of, with commas: " if field.get("type") == "array" else "One of: ") + ", ".join(names)


# Written by `npm run gen` from the tools' own schemas.


class _Methods:
    async def memory_add(
        self,
        content: Optional[str] = None,
        tags: Optional[List[str]] = None,
        kind: Optional[str] = None,
        importance: Optional[float] = None,
        source: Optional[str] = None,
        speaker: Optional[str] = None,
        occurred_at: Optional[str] = None,
        expires_at: Optional[str] = None,
        supersedes: Optional[str] = None,
        memories: Optional[List[dict]] = None,
        idempotency_key: Optional[str] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Stores a self-contained memory about the user or their work for later conversations. Not for secrets.

        :param content: Self-contained: full names, absolute dates.
        :param tags: Topics.
        :param kind: fact, preference, event, …
        :param importance: 0 to 1.
        :param source: Conversation or document.
        :param speaker: Who said it.
        :param occurred_at: When it happened, ISO 8601.
        :param expires_at: When to forget it.
        :param supersedes: Id it replaces.
        :param memories: Or several such objects.
        :param idempotency_key: For safe retries.
        """
        return await _call("memory_add", locals())

    async def memory_list(
        self,
        limit: Optional[int] = None,
        offset: Optional[int] = None,
        cursor: Optional[str] = None,
        sort: Optional[str] = None,
        tag: Optional[str] = None,
        filter: Optional[dict] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Lists the user's memories. To find something, use memory_search.

        :param limit: At most 100. Default 10.
        :param offset: How many to skip.
        :param cursor: next_cursor of a page.
        :param sort: newest, oldest, updated, occurred, importance.
        :param tag: Only this tag.
        :param filter: source, speaker, kind, after, before (ISO 8601); superseded: true.
        """
        return await _call("memory_list", locals())

    async def memory_search(
        self,
        query: str,
        limit: Optional[int] = None,
        offset: Optional[int] = None,
        max_tokens: Optional[int] = None,
        tag: Optional[str] = None,
        filter: Optional[dict] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Finds memories that answer a question, best first. Use it whenever earlier knowledge may help.

        :param query: Question or key words; "a phrase"; begin*.
        :param limit: 10, at most 100.
        :param offset: How many to skip.
        :param max_tokens: Size of all results, without near-duplicates.
        :param tag: Only this tag.
        :param filter: source, speaker, kind, after, before (ISO 8601).
        """
        return await _call("memory_search", locals())

    async def memory_update(
        self,
        memory_id: str,
        content: Optional[str] = None,
        tags: Optional[List[str]] = None,
        kind: Optional[str] = None,
        importance: Optional[float] = None,
        occurred_at: Optional[str] = None,
        expires_at: Optional[str] = None,
        restore_version: Optional[int] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Changes what is given of a memory, or takes it back.

        :param memory_id: Its id.
        :param content: New text.
        :param tags: New tags.
        :param kind: Its kind.
        :param importance: 0 to 1.
        :param occurred_at: When it happened.
        :param expires_at: When to forget it, or never.
        :param restore_version: Undo: back to this version.
        """
        return await _call("memory_update", locals())

    async def memory_delete(
        self,
        memory_id: Optional[str] = None,
        filter: Optional[dict] = None,
        all: Optional[bool] = None,
        confirm: Optional[bool] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Deletes a memory for good; or with confirm all that a filter names, or everything.

        :param memory_id: Its id.
        :param filter: tag, source, speaker, kind, after, before (ISO 8601).
        :param all: Everything.
        :param confirm: Else filter and all only count.
        """
        return await _call("memory_delete", locals())

    async def llm_processor(
        self,
        input: str,
        task: Optional[str] = None,
        model: Optional[str] = None,
        system_prompt: Optional[str] = None,
        max_tokens: Optional[int] = None,
        output_schema: Optional[dict] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Processes data with another language model and returns JSON or text. Use it to analyze, summarize, extract, classify, translate or rewrite input, also long input, to answer from it, or to get JSON that satisfies a schema.

        :param input: Text or JSON text to process.
        :param task: What to do: analyze, summarize, extract, classify, translate, rewrite, answer, or any instruction, e.g. "translate to German". Default "analyze".
        :param model: Model as provider/model, or a name that one provider has.
        :param system_prompt: Replaces the configured system prompt.
        :param max_tokens: Maximum tokens of the answer.
        :param output_schema: JSON Schema that the result has to satisfy; format is then json.
        """
        return await _call("llm_processor", locals())

    async def mixture_of_agents(
        self,
        query: str,
        models: Optional[List[str]] = None,
        aggregator_model: Optional[str] = None,
        num_layers: Optional[int] = None,
        agents_per_layer: Optional[int] = None,
        strategy: Optional[Literal["auto", "mixed", "self"]] = None,
        seed: Optional[int] = None,
        output: Optional[Literal["answer", "answer_with_analysis", "trace"]] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Answers a hard question with several language models: layers of agents improve on each other's answers, and an aggregator writes the final one. Slower and dearer than one model; for questions where quality matters.

        :param query: Question or task, with all the context that it needs.
        :param models: Models that agents are drawn from, as provider/model. Default: the configured ones.
        :param aggregator_model: Model that writes the final answer.
        :param num_layers: Layers of agents, 1 to 6.
        :param agents_per_layer: Agents in each layer, 1 to 16, at most one for each model.
        :param strategy: mixed, self (the best model several times) or auto.
        :param seed: The same seed draws the same agents.
        :param output: answer, answer_with_analysis, or trace (all texts).
        """
        return await _call("mixture_of_agents", locals())

    async def api_search(
        self,
        query: Optional[str] = None,
        api: Optional[str] = None,
        limit: Optional[int] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Finds operations of the configured external APIs by what they do, best first. Without a query it lists the APIs and their first operations. Then call api_describe for the parameters of one, and call_api to call it.

        :param query: What the operation should do, such as "create an issue". Default "".
        :param api: Search this API only.
        :param limit: Maximum number of operations, 1 to 50. Default 5.
        """
        return await _call("api_search", locals())

    async def api_describe(
        self,
        operation: str,
        api: Optional[str] = None,
        part: Optional[str] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Shows what calling an operation of an external API takes, its parameters and body, and what fields it answers.

        :param operation: An operation as api_search lists it: an id, or "GET /v1/items/{id}".
        :param api: Its API; needed where several have such an operation.
        :param part: To see only a part that was left out, such as "/body/items/0", or the body in another media type.
        """
        return await _call("api_describe", locals())

    async def call_api(
        self,
        api: str,
        operation: Optional[str] = None,
        path: Optional[dict] = None,
        query: Optional[dict] = None,
        header: Optional[dict] = None,
        cookie: Optional[dict] = None,
        body: Optional[dict] = None,
        body_text: Optional[str] = None,
        body_base64: Optional[str] = None,
        fields: Optional[List[str]] = None,
        select: Optional[str] = None,
        max_pages: Optional[int] = None,
        dry_run: Optional[bool] = None,
        idempotency_key: Optional[str] = None,
        rest: Optional[str] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Calls a configured external API and returns its answer. Credentials are added by the server. Use api_search to find an operation and api_describe for its parameters. Without an operation, body is posted as JSON to the API's URL. A long answer comes in parts: rest in the result says how to get the next one.

        :param api: Name of the API.
        :param operation: An id of api_search, or METHOD and path such as "GET /v1/items".
        :param path: Values of the {name} parts of the path.
        :param query: Query parameters by name.
        :param header: Header parameters by name.
        :param cookie: Cookie parameters by name.
        :param body: Body as an object, sent as JSON or as the operation wants it.
        :param body_text: Body as text, sent as it is, instead of body.
        :param body_base64: Body as bytes in base64, instead of body.
        :param fields: Parts of the answer to give, by dotted paths such as "items.id". Saves space.
        :param select: JMESPath over the answer, such as "items[?price > `5`].name".
        :param max_pages: Pages to follow at most. Default 1.
        :param dry_run: True: only show what would be sent.
        :param idempotency_key: Any text that makes repeating this same change safe, where the API supports it.
        :param rest: Id of the rest of an earlier answer, to get its next part.
        """
        return await _call("call_api", locals())

    async def run_pipeline(
        self,
        pipeline: Optional[str] = None,
        parameters: Optional[dict] = None,
        data: Optional[List[dict]] = None,
        text: Optional[str] = None,
        source: Optional[str] = None,
        input_format: Optional[str] = None,
        input_options: Optional[dict] = None,
        output_format: Optional[str] = None,
        steps: Optional[List[dict]] = None,
        dry_run: Optional[bool] = None,
        suggest: Optional[bool] = None,
        report: Optional[bool] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Checks, cleans, reshapes and enriches rows step by step, instead of doing so by hand; gives final_data, what each step did, and reasons by input row. Steps run in order, any may repeat: {name:"validate",fields:{f:{type?,required?,unique?,enum?,min?,max?,pattern?,format?}}|schema,mode?: stop|drop|flag|quarantine}, {name:"transform",operations:[{op,…}]}, {name:"enrich",lookup:{field,table|source,key?}|memory|api|llm}, {name:"format",format?,columns?}. Operations: pick/omit{fields:[]}, rename{fields:{old:new}}, cast{fields:{f:type},date_format?,decimal?}, trim/normalize/lowercase/uppercase{fields?}, replace{fields,search,with}, nullify, fill/set{values}, map_values{field,values}, compute{field,expression}, filter{expression}, round{fields,digits}, split{field,separator,into?}, extract{field,pattern,into}, join{fields,separator,into}, flatten, nest, explode/lift{field}, dedupe{fields?}, sort{by,descending?}, limit/top{count}, group{by,aggregates:{name:{fn,field}}}, pivot{index,column,value}, unpivot{fields}; with on_error?: fail|null|keep, when?: expression. Expressions: price * qty > 10 and lower(country) == "de". Cells of csv are text: cast before you compare. All options: resource pipeline://reference.

        :param pipeline: A configured pipeline (name or name@version) instead of steps; pipeline://definitions lists them.
        :param parameters: Values of its parameters by name; in own steps $name in expressions, {{$name}} in texts.
        :param data: Rows, as objects. Give data, text or source.
        :param text: Input as text.
        :param source: A file in a configured folder, "exports/a.csv", or the URI of a kept result (with limit{count,offset} a part of it) or API answer.
        :param input_format: json, csv, tsv, ndjson, yaml, xml or markdown. Default: found out.
        :param input_options: encoding, delimiter, header (true, false or names), skip_lines, skip_footer, row_path, null_values [], on_bad_row (stop, skip or pad).
        :param output_format: Format of final_data: json (default; rows), csv, tsv, ndjson, yaml, xml, markdown.
        :param steps: Steps: name, enabled? (true) and options. Default: all four without options.
        :param dry_run: Try on 20 rows, call no service.
        :param suggest: Instead of a run: the steps that the data seem to need.
        :param report: Also a report for a person, in Markdown.
        """
        return await _call("run_pipeline", locals())

    async def collect_input(
        self,
        title: Optional[str] = None,
        fields: Optional[List[dict]] = None,
        submit_label: Optional[str] = None,
        answers: Optional[dict] = None,
        resume_token: Optional[str] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Shows the user a form and returns the answers by field name. If the result has status needs_input, do what its message says and call again with resume_token. Never ask for passwords or other secrets in the chat.

        :param title: Title of the form. Default "Input Required".
        :param fields: Fields to fill in, each {name, label, type, required, placeholder, description, options, default, min, max, pattern, pattern_message, api}. name is the key of the answer, the rest is optional. type: text (default), textarea, email, url, number, integer, boolean, select, multiselect, date, datetime, password (min 8 unless set; gives a secret:// reference for call_api). options: choices, as texts, numbers or {value, label}. default: what is filled in. min, max: least and greatest value, date, length or count. pattern: RE2 for the whole text; pattern_message says what fits. api: the one API that a password is for. Default: one required text.
        :param submit_label: What sending means. Default "Submit".
        :param answers: The user's answers by field name, after needs_input only.
        :param resume_token: Token that came with needs_input.
        """
        return await _call("collect_input", locals())

    async def confirm_action(
        self,
        message: Optional[str] = None,
        title: Optional[str] = None,
        confirm_label: Optional[str] = None,
        cancel_label: Optional[str] = None,
        answer: Optional[bool] = None,
        resume_token: Optional[str] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Asks the user yes or no before something is done. If the result has status needs_input, or that of another tool has code confirmation_required, do what its message or hint says and call this with resume_token, and answer where the user gave it in the chat. Never answer for the user.

        :param message: What to confirm. Required unless resume_token is given.
        :param title: Title of the dialog. Default "Confirmation".
        :param confirm_label: Label of yes. Default "Confirm".
        :param cancel_label: Label of no. Default "Cancel".
        :param answer: What the user said in the chat: true for yes. Only with resume_token.
        :param resume_token: Token of the question that the user answered in the chat.
        """
        return await _call("confirm_action", locals())

    async def display_result(
        self,
        message: Optional[str] = None,
        notification_type: Optional[Literal["info", "success", "warning", "error"]] = None,
        result_data: Optional[dict] = None,
        markdown: Optional[str] = None,
        rows: Optional[List[dict]] = None,
        columns: Optional[List[str]] = None,
        chart: Optional[Literal["bar", "stacked", "line", "area", "pie", "scatter"]] = None,
        x: Optional[str] = None,
        y: Optional[List[str]] = None,
        title: Optional[str] = None,
        image: Optional[str] = None,
        alt: Optional[str] = None,
        __user__: Any = None,
        __metadata__: Any = None,
        __request__: Any = None,
        __event_emitter__: Any = None,
        __event_call__: Any = None,
    ) -> Any:
        """
        Shows the user a notification and a result: Markdown, a table, a chart of its rows, an image, or several of these. Where the result has a hint, put its text into your answer.

        :param message: Text of the notification. Default "Operation completed successfully".
        :param notification_type: Kind of the notification: info, success (default), warning or error.
        :param result_data: The result as an object. Default {}.
        :param markdown: Markdown to show.
        :param rows: Rows of a table, as objects.
        :param columns: Columns in order, "key" or "key: title". Default all.
        :param chart: Draws rows: bar, stacked, line, area, pie or scatter.
        :param x: Column of the x axis. Default that of the labels.
        :param y: Columns to draw. Default all numbers.
        :param title: Its title.
        :param image: Data URI or base64, no address.
        :param alt: What the image shows.
        """
        return await _call("display_result", locals())


# End of what `npm run gen` writes.


class Tools(_Methods):
    class Valves(BaseModel):
        url: str = Field(default="http://127.0.0.1:8808/mcp", description="MCP endpoint of Patchbay.")
        api_key: str = Field(
            default="",
            description="Key of Patchbay, sent as X-API-Key. A key of a person makes everybody that person; "
            "a key without a user (a service) needs an identity.",
            json_schema_extra=PASSWORD,
        )
        identity: Literal["key", "session", "jwt"] = Field(
            default="key",
            description="Who is calling: key, whom the key stands for; session, the user by the session in Open-WebUI "
            "(auth.mode open-webui-session); jwt, the user by a signed header (auth.mode open-webui-jwt).",
        )
        headers: str = Field(
            default="",
            description="Further headers as a JSON object; {{USER_ID}}, {{USER_EMAIL}}, {{USER_NAME}}, {{USER_ROLE}}, "
            "{{CHAT_ID}} and {{MESSAGE_ID}} are filled in.",
            json_schema_extra=PASSWORD,
        )
        timeout: float = Field(
            default=600, gt=0, description="Seconds that a call may take, without the time in which the user is asked."
        )
        show_status: bool = Field(default=True, description="Show what is going on as a status line.")
        show_notifications: bool = Field(default=True, description="Show notifications as toasts.")

    class UserValves(BaseModel):
        api_key: str = Field(
            default="",
            description="Your own key of Patchbay, instead of what the administrator has set.",
            json_schema_extra=PASSWORD,
        )
        show_status: bool = Field(default=True, description="Show what is going on as a status line.")

    def __init__(self):
        self.valves = self.Valves()
