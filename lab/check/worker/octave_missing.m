% Functions of MATLAB that students call and Octave does not have: each is made where there is none.

function y = heaviside (x)
  y = (x > 0) + 0.5 * (x == 0);
end

function y = sumsqr (x)
  y = sum (abs (x(:)) .^ 2);
end

function P = softmax (S)
  P = exp (S - max (S, [], 1));
  P = P ./ sum (P, 1);
end

function y = logsig (x)
  y = 1 ./ (1 + exp (-x));
end

function y = tansig (x)
  y = tanh (x);
end

function y = poslin (x)
  y = max (x, 0);
end

function Y = ind2vec (labels, classes)
  if (nargin < 2)
    classes = max (labels(:));
  end
  Y = full (sparse (labels(:), 1:numel (labels), 1, classes, numel (labels)));
end

function labels = vec2ind (Y)
  [~, labels] = max (Y, [], 1);
end

function old = sympref (varargin)
  old = [];
end

function x = gather (x)
end

function x = gpuArray (x)
end

function C = pagemtimes (A, B)
  C = zeros (size (A, 1), size (B, 2), size (A, 3));
  for i = 1:size (A, 3)
    C(:, :, i) = A(:, :, i) * B(:, :, i);
  end
end

function y = im2double (x)
  if (isinteger (x))
    x = double (x) / double (intmax (class (x)));
  end
  y = double (x);
end

function rng (varargin)
end

function y = randsample (n, k)
  if (isscalar (n))
    n = 1:n;
  end
  y = n(randperm (numel (n), k));
end

function y = normrnd (mu, sigma, varargin)
  y = mu + sigma .* randn (varargin{:});
end

function y = mean2 (x)
  y = mean (x(:));
end

function y = std2 (x)
  y = std (x(:));
end
