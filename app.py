"""The frame of the app: `streamlit run app.py`. Page config, services, sidebar, pages; nothing else."""

from __future__ import annotations

import streamlit as st

from parlanchina.ui.frame import draw_frame

st.set_page_config(page_title="Parlanchina", page_icon="💬", layout="wide")

chat = st.Page("pages/chat.py", title="Chat", icon=":material/forum:", default=True)
page = st.navigation([chat], position="hidden")

draw_frame()
page.run()
