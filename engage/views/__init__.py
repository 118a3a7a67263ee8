"""The Streamlit pages. With ``app.py`` the only code that imports streamlit; no arithmetic happens here."""
