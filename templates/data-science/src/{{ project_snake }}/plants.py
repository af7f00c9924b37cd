"""An example: reading a table, and checking it before anybody believes it."""

from pathlib import Path

import pandas as pd

_COLUMNS = ["sun_h", "water_l", "height_cm"]


def load_plants(path: Path) -> pd.DataFrame:
    """Read the table of plants; those that nobody measured are left out.

    Raises ValueError where columns are not as expected or a number cannot be.
    """
    plants = pd.read_csv(path, dtype="float64")
    if list(plants.columns) != _COLUMNS:
        raise ValueError(f"{path.name}: columns are {list(plants.columns)}, not {_COLUMNS}")
    if (plants < 0).any(axis=None) or (plants["sun_h"] > 24).any():
        raise ValueError(f"{path.name}: a number is out of range")
    return plants.dropna().reset_index(drop=True)
