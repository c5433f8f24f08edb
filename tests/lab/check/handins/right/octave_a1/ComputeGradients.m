function [grad_W, grad_b] = ComputeGradients(X, Y, P, W, lambda)
n = size(X, 2);
grad_W = zeros(size(W));
grad_b = zeros(size(W, 1), 1);
for i = 1:n
    g = -(Y(:, i) - P(:, i))';
    grad_b = grad_b + g';
    grad_W = grad_W + g' * X(:, i)';
end
grad_b = grad_b / n;
grad_W = grad_W / n + 2 * lambda * W;
end
