"""The chat that a good Streamlit tutorial writes, for measuring ours beside it.

OPENAI_API_BASE and OPENAI_API_KEY say where the model is; PLAIN_CHAT_HISTORY, if set, is a session file of ours
whose messages the chat begins with.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import streamlit as st
from openai import OpenAI


@st.cache_resource
def connect() -> OpenAI:
    return OpenAI(base_url=os.environ["OPENAI_API_BASE"])


def history() -> list[dict[str, str]]:
    if not (path := os.environ.get("PLAIN_CHAT_HISTORY")):
        return []
    stored = json.loads(Path(path).read_text(encoding="utf-8"))["messages"]
    return [{"role": message["role"], "content": message["raw_markdown"]} for message in stored]


st.title("Chat")

if "messages" not in st.session_state:
    st.session_state.messages = history()

for message in st.session_state.messages:
    with st.chat_message(message["role"]):
        st.markdown(message["content"])

if prompt := st.chat_input("Write a message", key="prompt"):
    st.session_state.messages.append({"role": "user", "content": prompt})
    with st.chat_message("user"):
        st.markdown(prompt)
    with st.chat_message("assistant"):
        stream = connect().chat.completions.create(
            model="fake-model", messages=st.session_state.messages, stream=True
        )
        reply = st.write_stream(stream)
    st.session_state.messages.append({"role": "assistant", "content": reply})
