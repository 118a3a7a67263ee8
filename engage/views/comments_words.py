"""Themes that no list has, and whether words and scores agree."""

from engage.present import charts, voice_sentences
from engage.views.template import View


def emerging(view: View, question: str, source: str) -> None:
    """Draw the emerging themes of a question and source, and how they moved."""
    with view.busy():
        table = view.tables.emerging()
    sentence = voice_sentences.emerging(table, view.names, question=question, source=source)
    view.line(sentence)
    view.chart(charts.emerging(table, view.names, question=question, source=source), sentence)
    view.note("emerging_note")
    view.details(table, "emerging_themes")


def agreement(view: View, question: str, source: str) -> None:
    """Draw the tone of each factor's comments beside its score, in the wave that is picked."""
    with view.busy():
        table = view.tables.agreement()
    wave = view.shown_wave
    sentence = voice_sentences.agreement(table, view.names, question=question, source=source, wave=wave)
    view.line(sentence)
    view.note("agreement_wave", wave=wave)
    chart = charts.agreement(table, view.names, question=question, source=source, wave=wave)
    view.chart(chart, sentence)
    view.note("agreement_note")
    view.details(table, "words_beside_scores")
