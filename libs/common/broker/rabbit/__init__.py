"""RabbitMQ (3.10 or newer, 4 included) behind the Broker protocol."""

from common.broker.rabbit.broker import RabbitBroker

__all__ = ["RabbitBroker"]
