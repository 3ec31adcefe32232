// Placeholder of the module Attacks; replaced by its first real file.
