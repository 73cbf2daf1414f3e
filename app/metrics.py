"""What is counted, in a registry of its own for each application."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one process. Labels take only values from closed sets."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "backend_expert_deliveries",
            "Webhook deliveries by event and by what became of them.",
            ("event", "outcome"),
            registry=self.registry,
        )
        self.webhook_seconds = Histogram(
            "backend_expert_webhook_seconds",
            "From the first byte of a delivery to its answer.",
            buckets=LATENCIES,
            registry=self.registry,
        )
        self.stored = Gauge(
            "backend_expert_deliveries_stored",
            "Deliveries in the database by state.",
            ("state",),
            registry=self.registry,
        )
        self.queue_age = Gauge(
            "backend_expert_queue_age_seconds",
            "Age of the delivery that has waited longest; 0 when none waits.",
            registry=self.registry,
        )
        self.recovered = Gauge(
            "backend_expert_recovered",
            "Deliveries asked for again and pull requests found without one, since the beginning.",
            ("kind",),
            registry=self.registry,
        )

        self.votes = Gauge(
            "backend_expert_votes",
            "What people think of comments, in the last year.",
            ("rule", "vote"),
            registry=self.registry,
        )
        self.demoted = Gauge(
            "backend_expert_rules_demoted",
            "In how many repositories a rule is told in the summary only, by votes.",
            ("rule",),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Everything in Prometheus' own text format."""
        return generate_latest(self.registry)
