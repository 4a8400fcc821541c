"""What a maintainer runs: outputs, the address, the check on Colab's versions."""
