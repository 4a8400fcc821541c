"""The exponential moving average of a network's weights."""

from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from d2lmini.arguments import real


class Average:
    """Follows ``net`` step by step with ``decay`` in (0, 1).

    After each step every weight w of the average becomes ``decay``·w +
    (1 - ``decay``)·(the weight of ``net``): it remembers about
    1 / (1 - ``decay``) steps.  The running statistics of batch normalisation
    are averaged likewise.  With ``decay=None`` there is no second network and
    ``self.net`` is ``net``.
    """

    def __init__(self, net: nn.Module, decay: float | None) -> None:
        self.trained = net
        self._twin: AveragedModel | None = None
        if decay is not None:
            decay = real("average", decay, above=0, below=1, example="0.998")
            # torch gives no types for this function
            rule = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            self._twin = AveragedModel(net, multi_avg_fn=rule, use_buffers=True)

    def __bool__(self) -> bool:
        return self._twin is not None

    @property
    def net(self) -> nn.Module:
        """The network to measure."""
        if not self._twin:
            return self.trained
        self._keep_infinite(self._twin.module)
        return self._twin.module

    def _keep_infinite(self, net: nn.Module) -> None:
        """What is infinite in the trained net, as a mask, has no average but itself."""
        trained = self.trained.state_dict()
        for name, value in net.state_dict().items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                value.copy_(torch.where(value.isnan(), trained[name], value))

    def update(self) -> None:
        """Take in the weights that a step has just changed."""
        if self._twin:
            self._twin.update_parameters(self.trained)

    def take(self) -> None:
        """Give the trained network the averaged weights and statistics, in place."""
        if self._twin:
            self.trained.load_state_dict(self.net.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` restores; empty without an average."""
        return self._twin.state_dict() if self._twin else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        if self._twin:
            self._twin.load_state_dict(state)
