"""The app's entry point: ``streamlit run app.py``, or ``engage app``."""

from engage.views.router import run

run()
