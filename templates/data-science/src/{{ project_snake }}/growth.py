"""An example model: height by sun and water."""

from dataclasses import dataclass

import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split

FEATURES = ["sun_h", "water_l"]
TARGET = "height_cm"


@dataclass(frozen=True)
class Fit:
    """A model, with mean absolute errors on rows it has not seen: its own, and that of the mean."""

    model: LinearRegression
    error_cm: float
    baseline_error_cm: float


def fit_growth(plants: pd.DataFrame, seed: int = 0) -> Fit:
    """Fit on three quarters of the rows, measure on the rest; a seed gives the same split."""
    train, test = train_test_split(plants, test_size=0.25, random_state=seed)
    model = LinearRegression().fit(train[FEATURES], train[TARGET])
    guess = pd.Series(train[TARGET].mean(), index=test.index)
    return Fit(
        model=model,
        error_cm=float(mean_absolute_error(test[TARGET], model.predict(test[FEATURES]))),
        baseline_error_cm=float(mean_absolute_error(test[TARGET], guess)),
    )
