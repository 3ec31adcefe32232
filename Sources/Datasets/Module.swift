// Placeholder of the module Datasets; replaced by its first real file.
