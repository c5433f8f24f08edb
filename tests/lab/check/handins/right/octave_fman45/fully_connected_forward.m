function Y = fully_connected_forward(X, A, b)
% X: ... x batch, A: outputs x features, b: outputs x 1
sz = size(X);
batch = sz(end);
X = reshape(X, [prod(sz(1:end-1)), batch]);
Y = A * X + b;
end
