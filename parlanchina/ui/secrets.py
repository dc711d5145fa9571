"""Reads Streamlit's secrets, which a deployment on Streamlit Community Cloud sets in place of an environment."""

from __future__ import annotations

import streamlit as st

__all__ = ["streamlit_secrets"]


def streamlit_secrets() -> dict[str, object]:
    """The top level of `secrets.toml`; empty where there is none."""
    try:
        return dict(st.secrets)
    except FileNotFoundError:
        return {}
