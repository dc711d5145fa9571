"""The frame of the app: `streamlit run app.py`. Page config, services, pages, a head start; nothing else."""

from __future__ import annotations

import streamlit as st

from parlanchina.ui.frame import enter_frame, turn_to
from parlanchina.ui.gate import gate
from parlanchina.ui.preload import preload

st.set_page_config(page_title="Parlanchina", page_icon="💬", layout="wide")

# No page is called as its file: until a process's first st.navigation, Streamlit answers an address that names a
# file in pages/ (a tab that was open before a restart sends one) by running that file alone.
chat = st.Page("pages/chat.py", title="Chat", url_path="conversation", default=True)
gallery = st.Page("pages/gallery.py", title="Pictures", url_path="pictures")
page = st.navigation([chat, gallery], position="hidden")

turn_to(page, chat=chat)
with gate:
    enter_frame()
    page.run()
preload()
