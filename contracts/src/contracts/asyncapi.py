"""The AsyncAPI 3 document of all events: where they are published and what they carry."""

from typing import Any

import yaml

from contracts.events import EVENTS, EventType


def document() -> dict[str, Any]:
    """Channels are routing keys of the topic exchange `events`; payloads refer to the committed schemas."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Xinqiao 信桥 events",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0, structured JSON. Each event holds the whole public state after the change; "
                "keep the highest `sequence` of a `subject`. No event carries personal data."
            ),
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {"node": {"host": "127.0.0.1:5672", "protocol": "amqp", "description": "the broker of one node"}},
        "channels": {event.type: _channel(event) for event in EVENTS.values()},
        "operations": {
            f"publish.{event.type}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{event.type}"},
                "summary": event.en,
            }
            for event in EVENTS.values()
        },
        "components": {"messages": {event.type: _message(event) for event in EVENTS.values()}},
    }


def _channel(event: EventType) -> dict[str, Any]:
    return {
        "address": event.type,
        "title": event.zh,
        "description": f"{event.en}. Subscribe by binding a queue to the exchange `events.all` with this key.",
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": "events", "type": "topic", "durable": True, "vhost": "/"},
            }
        },
    }


def _message(event: EventType) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.zh,
        "summary": event.en,
        "contentType": "application/cloudevents+json",
        "payload": {"$ref": f"schemas/{event.schema_name}.json"},
    }


def text() -> str:
    return yaml.safe_dump(document(), allow_unicode=True, sort_keys=False, width=120)
