"""Parlanchina: a chat app over OpenAI-compatible models that never loses a word.

Arrows point down only::

    app, pages, server → ui | api → services → turns → {llm, stores, markdown} → {messages, events, errors, config}
"""

__version__ = "0.1.0"
