# edge-agent.service → edge-agent@.service: a second sensor at a gate, with settings, database and
# socket of its own. edge-agent@back.service reads /etc/edge-agent/back.toml.
s|^# Attendance gate\. It expects:|# One of several attendance gates on this machine, made of edge-agent.service. It expects:|
s|/etc/edge-agent/edge-agent\.toml  |/etc/edge-agent/NAME.toml        |
s|--config /etc/edge-agent/edge-agent\.toml|--config /etc/edge-agent/%i.toml|
s|^Description=Attendance gate|& %i|
s|^StateDirectory=edge-agent$|&-%i|
s|^RuntimeDirectory=edge-agent$|&-%i|
