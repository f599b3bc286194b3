"""What the live room counts, for ``/metrics``."""

from prometheus_client import Counter, Gauge

pushes = Counter("pilotline_edge_pushes", "Pushes of edge agents, by outcome.", ["outcome"])
values = Counter("pilotline_edge_values", "Values of edge agents, by outcome.", ["outcome"])
newest_push = Gauge(
    "pilotline_edge_newest_push_timestamp_seconds", "When the newest push of any edge agent came."
)
connected_machines = Gauge("pilotline_machines_connected", "Machines that the edge has now.")
broker_messages = Counter(
    "pilotline_broker_messages", "Messages of the MQTT broker, by outcome.", ["outcome"]
)
broker_reached = Gauge(
    "pilotline_broker_reached", "Whether live values are read from the MQTT broker (1) or not (0)."
)
streams = Gauge("pilotline_streams", "Open live streams, by kind of reader.", ["reader"])
streams_ended = Counter(
    "pilotline_streams_ended", "Live streams that ended, by reason.", ["reason"]
)
frames = Counter("pilotline_stream_frames", "Machine frames encoded; each goes to every reader.")
snapshots = Counter("pilotline_stream_snapshots", "Snapshots encoded.")
lag_snapshots = Counter(
    "pilotline_stream_lag_snapshots", "Times a slow reader was given a snapshot instead of deltas."
)
