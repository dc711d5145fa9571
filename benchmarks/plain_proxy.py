"""The smallest honest proxy of a streamed reply: what `benchmarks/api.py` holds our API against.

No storage, no checks, no ids, no heartbeats, no limits. `uvicorn benchmarks.plain_proxy:app`.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator

import openai
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

app = FastAPI()
client = openai.AsyncOpenAI(api_key="none", base_url=os.environ["OPENAI_API_BASE"])


class Question(BaseModel):
    """What our API takes, less what a proxy has no use for."""

    message: str


@app.post("/api/chat/stream")
async def stream(question: Question) -> StreamingResponse:
    """Ask the service, and pass its words on."""

    async def events() -> AsyncIterator[str]:
        chunks = await client.chat.completions.create(
            model="any", messages=[{"role": "user", "content": question.message}], stream=True
        )
        async for chunk in chunks:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield f"event: message\ndata: {json.dumps({'content': text})}\n\n"
        yield "event: complete\ndata: {}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
