function Y = relu_forward(X)
Y = X .* heaviside(X);
end
