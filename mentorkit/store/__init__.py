"""How nouns are kept: SQLAlchemy Core on our own `MetaData`, on any engine of the host's.

What hosts and plugins use comes from here; `mentorkit.store.tables` has the tables themselves.
"""

from mentorkit.store import migrate, tables
from mentorkit.store.columns import (
    Amount,
    Json,
    LocalRule,
    Sum,
    UtcTime,
    WallTime,
    Whole,
    Words,
    flag,
    ident,
    jsonic,
    moment,
    whole,
    words,
)
from mentorkit.store.declarations import Declaration, declare, plugin_tables, refers, table
from mentorkit.store.engines import MODE, compact, prepare
from mentorkit.store.migrate import Owner, not_ours
from mentorkit.store.policies import rls
from mentorkit.store.privacy import erase, export
from mentorkit.store.repositories import Note, Repository
from mentorkit.store.transaction import Transaction

__all__ = [
    "MODE",
    "Amount",
    "Declaration",
    "Json",
    "LocalRule",
    "Note",
    "Owner",
    "Repository",
    "Sum",
    "Transaction",
    "UtcTime",
    "WallTime",
    "Whole",
    "Words",
    "compact",
    "declare",
    "erase",
    "export",
    "flag",
    "ident",
    "jsonic",
    "migrate",
    "moment",
    "not_ours",
    "plugin_tables",
    "prepare",
    "refers",
    "rls",
    "table",
    "tables",
    "whole",
    "words",
]
