// Placeholder of the module Augmentation; replaced by its first real file.
