"""What every provider of a kind must keep, as test classes to inherit.

```python
from mentorkit.testing import CriterionContract

class TestSameVillage(CriterionContract):
    plugin = "villages"                       # an entry point's name, or (name, module)
    name = "same_village"                     # which of the plugin's criteria; may be left out
    people = ({"village": "Kibuye"}, {"village": "Rubavu"}, {"village": None})
```

A contract says nothing about what a provider should answer: that stands in tests of its own.
"""

from __future__ import annotations

from mentorkit.testing.asking import FeedbackVendorContract, MetricContract
from mentorkit.testing.assigning import AssignerContract
from mentorkit.testing.computing import FeatureContract
from mentorkit.testing.delivering import ChannelContract
from mentorkit.testing.nudging import NudgeContract
from mentorkit.testing.receiving import SourceContract
from mentorkit.testing.requiring import RequirementContract
from mentorkit.testing.reviewing import ContentCheckContract
from mentorkit.testing.scoring import CriterionContract, RuleContract, assert_consistent

__all__ = [
    "AssignerContract",
    "ChannelContract",
    "ContentCheckContract",
    "CriterionContract",
    "FeatureContract",
    "FeedbackVendorContract",
    "MetricContract",
    "NudgeContract",
    "RequirementContract",
    "RuleContract",
    "SourceContract",
    "assert_consistent",
]
