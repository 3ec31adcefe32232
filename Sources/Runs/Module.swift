// Placeholder of the module Runs; replaced by its first real file.
