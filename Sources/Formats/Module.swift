// Placeholder of the module Formats; replaced by its first real file.
