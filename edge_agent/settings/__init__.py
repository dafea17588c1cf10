"""Settings: one TOML file → frozen structs, with every problem reported at once."""

from .load import load_settings
from .schema import (
    ClockSettings,
    ControlSettings,
    GateSettings,
    HomeAssistantSettings,
    LogSettings,
    MqttSettings,
    PanelSettings,
    PunchSettings,
    SensorSettings,
    Settings,
    StoreSettings,
)

__all__ = [
    "ClockSettings",
    "ControlSettings",
    "GateSettings",
    "HomeAssistantSettings",
    "LogSettings",
    "MqttSettings",
    "PanelSettings",
    "PunchSettings",
    "SensorSettings",
    "Settings",
    "StoreSettings",
    "load_settings",
]
