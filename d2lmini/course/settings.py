"""What a course's configuration says: whether it can be done, and builds walls."""

from typing import Any

from traitlets import TraitError
from traitlets.config.loader import LazyConfigValue
from traitlets.utils.importstring import import_item

ABSENT = (
    "The configuration that nbgrader reads here leaves {} out of {}: copy "
    "nbgrader_config.py from the book again, and add your own settings below what is "
    "there. Nothing was done."
)


def demand(app: Any) -> None:
    """ValueError where a setting of `app`, one of nbgrader's, cannot be what it is.

    nbgrader finds out when it uses one, for each student anew.
    """
    from d2lmini.course.grading import ExecuteOn, LimitedKernel
    from d2lmini.course.restore import RestoreCells

    ours = ExecuteOn, LimitedKernel, RestoreCells
    known = {one.__name__: one for one in (*app.all_configurable_classes(), *ours)}
    for section, values in app.config.items():
        if section in known:
            for name, value in values.items():
                _demand(known[section], name, value)


def _demand(holder: Any, name: str, value: Any) -> None:
    trait = holder.class_traits(config=True).get(name)
    untold = value is None or isinstance(value, LazyConfigValue)
    if trait is None or untold or not hasattr(trait, "validate"):
        return
    try:
        trait.validate(holder.__new__(holder), value)
    except TraitError as error:
        raise ValueError(
            f"c.{holder.__name__}.{name} in nbgrader_config.py: {error} Nothing was "
            "done."
        ) from None


def demand_walls(app: Any) -> None:
    """ValueError where nbgrader would run submissions by other steps than ours."""
    from nbconvert.preprocessors import ExecutePreprocessor
    from nbgrader.converters import Autograde

    from d2lmini.course.grading import ExecuteOn
    from d2lmini.course.restore import RestoreCells

    converter = Autograde(parent=app)
    for name, ours in {
        "autograde_preprocessors": ExecuteOn,
        "sanitize_preprocessors": RestoreCells,
    }.items():
        steps = [_kind(name, one) for one in getattr(converter, name)]
        if not any(issubclass(one, ours) for one in steps):
            raise ValueError(ABSENT.format(ours.__name__, f"c.Autograde.{name}"))
        for one in steps:
            if issubclass(one, ExecutePreprocessor) and not issubclass(one, ExecuteOn):
                raise ValueError(
                    f"c.Autograde.{name} of the configuration has {one.__name__}, and "
                    "that runs submissions without walls: take it out. Nothing "
                    "was done."
                )


def _kind(name: str, step: Any) -> type:
    """The class of a step in `name` that is given by a class, one of it, or a name."""
    try:
        found = import_item(step) if isinstance(step, str) else step
    except Exception as error:  # its module may raise anything
        raise ValueError(
            f"c.Autograde.{name} of the configuration names {step!r}, and that cannot "
            f"be imported ({type(error).__name__}: {error}): correct the name, or "
            "install what it is in. Nothing was done."
        ) from error
    return found if isinstance(found, type) else type(found)
