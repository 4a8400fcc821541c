"""The exponential moving average of a network's weights."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn


class Average:
    """Follows ``net`` step by step with ``decay`` in (0, 1).

    After each step every weight w of the average becomes ``decay``·w +
    (1 - ``decay``)·(the weight of ``net``): it remembers about
    1 / (1 - ``decay``) steps.  The running statistics of batch normalisation
    are averaged likewise, until :meth:`settle` computes them anew.  With
    ``decay=None`` there is no second network and ``self.net`` is ``net``.
    """

    def __init__(self, net: nn.Module, decay: float | None) -> None:
        if decay is not None and not 0 < decay < 1:
            raise ValueError(
                f"average must lie between 0 and 1, such as 0.998, not {decay}."
            )
        self.trained = net
        self._twin: AveragedModel | None = None
        if decay is not None:
            # torch gives no types for this function
            rule = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            self._twin = AveragedModel(net, multi_avg_fn=rule, use_buffers=True)

    @property
    def net(self) -> nn.Module:
        """The network to measure."""
        return self._twin.module if self._twin else self.trained

    def update(self) -> None:
        """Take in the weights that a step has just changed."""
        if self._twin:
            self._twin.update_parameters(self.trained)

    def settle(self, images: Iterable[Tensor]) -> None:
        """Give the trained network the averaged weights, in place.

        The statistics of its batch normalisations become those of ``images``,
        batches (N, C, H, W): averaged statistics belong to the single networks
        and not to the averaged one (Izmailov et al., 2018).  Without an average
        nothing is changed and no batch is drawn.
        """
        if self._twin:
            self.trained.load_state_dict(self._twin.module.state_dict())
            update_bn(images, self.trained)

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` restores; empty without an average."""
        return self._twin.state_dict() if self._twin else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        if self._twin:
            self._twin.load_state_dict(state)
