// Placeholder of the module Evaluation; replaced by its first real file.
