"""How nouns are kept: SQLAlchemy Core on our own `MetaData`, on any engine of the host's.

What hosts and plugins use comes from here; `mentorkit.store.tables` has the tables themselves.
"""

from mentorkit.store.columns import Amount as Amount
from mentorkit.store.columns import Json as Json
from mentorkit.store.columns import LocalRule as LocalRule
from mentorkit.store.columns import Sum as Sum
from mentorkit.store.columns import UtcTime as UtcTime
from mentorkit.store.columns import WallTime as WallTime
from mentorkit.store.columns import Whole as Whole
from mentorkit.store.columns import Words as Words
from mentorkit.store.columns import flag as flag
from mentorkit.store.columns import ident as ident
from mentorkit.store.columns import jsonic as jsonic
from mentorkit.store.columns import moment as moment
from mentorkit.store.columns import whole as whole
from mentorkit.store.columns import words as words
from mentorkit.store.declarations import declare as declare
from mentorkit.store.declarations import plugin_tables as plugin_tables
from mentorkit.store.declarations import refers as refers
from mentorkit.store.declarations import table as table
from mentorkit.store.engines import MODE as MODE
from mentorkit.store.engines import compact as compact
from mentorkit.store.engines import prepare as prepare
from mentorkit.store.migrate import Owner as Owner
from mentorkit.store.migrate import not_ours as not_ours
from mentorkit.store.privacy import erase as erase
from mentorkit.store.privacy import export as export
from mentorkit.store.privacy import unreached as unreached
from mentorkit.store.transaction import Transaction as Transaction
from mentorkit.store.walls import rls as rls
