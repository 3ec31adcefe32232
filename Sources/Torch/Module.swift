// Placeholder of the module Torch; replaced by its first real file.
